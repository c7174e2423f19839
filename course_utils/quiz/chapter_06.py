"""The self-quiz of chapter 06: what groups prove, what a map tells, and what its motion is."""

from course_utils.quiz.questions import Option, Question

QUESTIONS = (
    Question(
        "The map of a network's features shows well-separated groups of digits. What does that prove?",
        (
            Option(
                "Nothing by itself, as raw pixels have groups, too.",
                "so draw the controls beside it: raw pixels, an untrained network, shuffled labels. What training adds is the difference.",
                right=True,
            ),
            Option(
                "That it has learned, as before there are no groups.",
                "there are. Draw the untrained network, or the raw pixels: digits of one class look alike, so they are neighbours already.",
            ),
            Option(
                "That it reads nearly all of the digits right.",
                "t-SNE sees neither labels nor answers. How many are read right stands in the title, and a ring marks each mistake.",
            ),
        ),
    ),
    Question(
        "What can you read off a t-SNE map that has settled?",
        (
            Option(
                "How different two classes are: by how far apart they lie.",
                "where a far group lies is left to chance. In this chapter, the group that is farthest away does not lie farthest on the map.",
            ),
            Option(
                "Which digits have similar features: by who lies beside whom.",
                "t-SNE tries to keep neighbours as neighbours. Trustworthiness says how far you may believe it.",
                right=True,
            ),
            Option(
                "How varied a class is: by how wide its group of points is.",
                "wide and narrow groups come out alike, for each point measures its surroundings with a ruler of its own.",
            ),
            Option(
                "What the axes stand for: by the digits at their two ends.",
                "turn the map by a quarter, and every distance stays, and so does KL. Left, right, up and down mean nothing.",
            ),
        ),
    ),
    Question(
        "While the network trains, the points of the live map move from frame to frame. What is this motion?",
        (
            Option(
                "Learning: a point moves as far as its features have changed.",
                "feed it the same features again, and the points still move, by more than a quarter of what you see.",
            ),
            Option(
                "t-SNE alone, for the features are fixed before it starts.",
                "the 500 digits are fixed, their features are not. Each frame looks at them anew, with what the network has learned by then.",
            ),
            Option(
                "Learning and t-SNE's own motion, one on top of the other.",
                "feed it the same features again, and the points still move. So do not read learning into motion: look at the share of right answers.",
                right=True,
            ),
        ),
    ),
)
