"""The self-quiz of chapter 07: why a drawing is prepared, what a probability is worth, and what a place on the map says."""

from course_utils.quiz.questions import Option, Question

QUESTIONS = (
    Question(
        "You draw a 7 small and in a corner. Resized to 28 x 28, it is often misread. Why?",
        (
            Option(
                "28 x 28 pixels are too few for a drawing of that size.",
                "prepared in the right way, the same drawing is read from the same 28 x 28 pixels.",
            ),
            Option(
                "It does not look like the digits that the network learned from.",
                "those fill a box of 20 x 20 pixels and balance in the middle. Prepare yours in the same way, and it is read.",
                right=True,
            ),
            Option(
                "Convolutions find no shape that is far from the middle.",
                "they find it anywhere. But the last layer has a weight for each place, and learned digits in the middle alone.",
            ),
        ),
    ),
    Question(
        "The network gives a drawing of yours the probability 0.99 for 7. What do you know?",
        (
            Option(
                "That 99 of 100 people would read this drawing as a 7.",
                "nobody was asked. The number comes from logits, and some letters get one as high.",
            ),
            Option(
                "That it is a digit, for else no class would get so much.",
                "the ten probabilities add up to 1, whatever you show. Noise and letters have to share it out, too.",
            ),
            Option(
                "That no other class of the ten comes near; no more.",
                "softmax compares ten answers with each other. That none of them fits is not among the answers.",
                right=True,
            ),
        ),
    ),
    Question(
        "You draw the letter A. Its point lies on the map in the middle of a group of 4s. What does that say?",
        (
            Option(
                "Its features are nearer to those of 4s than to others.",
                "a point goes to those it resembles most, however little that is. There is no place for what is no digit.",
                right=True,
            ),
            Option(
                "The drawing is a 4, as all of its neighbours are.",
                "a neighbour is only the nearest that there is. Look how far away it is, and look at the picture itself.",
            ),
            Option(
                "The network has learned that an A is a kind of 4.",
                "it has never met an A. It learned ten classes of digits, and has no other answer to give.",
            ),
        ),
    ),
)
