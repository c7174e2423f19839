"""The self-quiz of chapter 04: what flatten does, what it keeps, and what the classifier does not know."""

from course_utils.quiz.questions import Option, Question

QUESTIONS = (
    Question(
        "x has the shape (B, 32, 7, 7). What does x.flatten(start_dim=1) give?",
        (
            Option(
                "The same shape, for no axis has length 1 to be removed.",
                "removing axes of length 1 is what squeeze does. Flatten joins the axes from the second one on.",
            ),
            Option(
                "A row of 1568 numbers for each of the B images.",
                "the axes 32, 7 and 7 are joined into one. The batch axis stays, so that no two images are mixed.",
                right=True,
            ),
            Option(
                "One long row that holds the numbers of all B images.",
                "that is flatten without start_dim. With start_dim=1 the first axis is left alone, and each image keeps its own row.",
            ),
        ),
    ),
    Question(
        "What is lost when the features (32, 7, 7) of an image are flattened?",
        (
            Option(
                "The place of each number, as rows and columns are gone.",
                "the place is in the index: number c·49 + r·7 + k comes from map c, row r, column k. You can go both ways.",
            ),
            Option(
                "The weaker numbers, for each map keeps its strongest.",
                "keeping the strongest is pooling. Flattening keeps every number, in one row.",
            ),
            Option(
                "Nothing: each index leads back to its map, row and column.",
                "index c·49 + r·7 + k belongs to map c, row r, column k, and to no other. A reshape brings the maps back.",
                right=True,
            ),
        ),
    ),
    Question(
        "One fixed permutation shuffles the 1568 features of every image. Then a new linear layer is trained on them. How well does it read?",
        (
            Option(
                "About as well: it never knew which features are neighbours.",
                "to a linear layer, each index is a name and no place. Move the columns of its weight along, and its answers are the same.",
                right=True,
            ),
            Option(
                "Much worse: it no longer knows where each feature was.",
                "all that it knows of a place is the weight of its index. Trained anew, it learns that weight under the new index.",
            ),
            Option(
                "Not at all: there is nothing to learn, as with shuffled labels.",
                "the permutation is the same for every image, so each feature keeps its meaning under a new index. Shuffled labels have none left.",
            ),
        ),
    ),
)
