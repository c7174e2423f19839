"""The self-quiz of chapter 03: what a shift changes, what pooling does at all, and maximum or mean."""

from course_utils.quiz.questions import Option, Question

QUESTIONS = (
    Question(
        "A digit moves one pixel to the right. What happens to a map after 2 x 2 max pooling?",
        (
            Option(
                "Nothing, for pooling makes a network shift-invariant.",
                "it forgives a maximum that moves inside its window. One that crosses into the next window changes the map.",
            ),
            Option(
                "It moves along by one place, as the map before it does.",
                "one place of a pooled map stands for two columns. One pixel is half a place, so the map cannot move along.",
            ),
            Option(
                "It changes where a large number crosses into a new window.",
                "inside its window, the largest number may move, and nothing shows. Once it goes out, or a larger one comes in, the map changes. So pooling forgives some moves, not all.",
                right=True,
            ),
        ),
    ),
    Question(
        "Which of these does nn.MaxPool2d(2) do?",
        (
            Option(
                "It keeps the largest of four numbers, in each map alone.",
                "that is all of it. It has no parameters, and it never mixes maps.",
                right=True,
            ),
            Option(
                "It enlarges the features, so that they are easier to see.",
                "each map becomes half as high and half as wide. A strong spot shrinks less than the map, so it looks larger. What does grow is the part of the image that a later number sees.",
            ),
            Option(
                "It keeps a network from overfitting, all by itself.",
                "in this chapter, networks with pooling know their few training digits by heart, as those without do. Both read unseen ones worse.",
            ),
            Option(
                "It learns which of the maps matter, and mixes them.",
                "pooling has nothing to learn, and looks at each map alone. Mixing maps is the work of the next convolution.",
            ),
        ),
    ),
    Question(
        "You put average pooling in the place of max pooling. What is different?",
        (
            Option(
                "Nothing that matters, as the shapes stay the same.",
                "the shapes do, but not what the numbers say. The maximum asks whether something is here somewhere, the mean how much of it there is. In the trained network, the swap costs sureness.",
            ),
            Option(
                "There is more to learn, for a mean needs weights.",
                "the weights of this mean are fixed, a quarter for each number. Neither kind of pooling has parameters.",
            ),
            Option(
                "ReLU first or pooling first: now it no longer matters.",
                "it is the other way round. With the maximum the order does not matter. With the mean it does: ReLU first drops what is negative from the mean.",
            ),
            Option(
                "The gradient now goes to all four, not to the winner.",
                "each of the four has its share in the mean, so each gets a part of the gradient. Under the maximum, only the largest gets any.",
                right=True,
            ),
        ),
    ),
)
