"""The self-quiz of chapter 05: loss and accuracy, digits known by heart, and when to stop."""

from course_utils.quiz.questions import Option, Question

QUESTIONS = (
    Question(
        "Two readers answer the same digits. The first has the lower loss. What do you know about its accuracy?",
        (
            Option(
                "It is higher, for a lower loss means fewer mistakes.",
                "the loss also asks how sure each answer is. One very sure mistake costs more than three hesitant ones.",
            ),
            Option(
                "It is higher, for accuracy is 1 minus the loss.",
                "the loss is no share of anything. It can be larger than 1: knowing nothing costs 2.30.",
            ),
            Option(
                "Nothing certain, for one very sure mistake may outweigh three.",
                "accuracy counts mistakes, and the loss weighs them. In this chapter, the reader with the lower loss has the lower accuracy.",
                right=True,
            ),
        ),
    ),
    Question(
        "A network reads every digit of its training set right. What does that say about other digits?",
        (
            Option(
                "It reads those as well, for one digit is like another.",
                "the network with 300 digits knows all of them by heart, and misreads some of the others.",
            ),
            Option(
                "Little: it may know its own by heart. Ask it unseen ones.",
                "learning by heart and learning to read look the same on the training set. Only unseen digits tell them apart.",
                right=True,
            ),
            Option(
                "It reads those badly, for this is always overfitting.",
                "a good reader, too, may read its own digits right. The training set alone cannot say which kind you have.",
            ),
        ),
    ),
    Question(
        "The training loss still falls, but the validation loss has been rising for some epochs. What do you do?",
        (
            Option(
                "Stop, and keep the weights from before the rise.",
                "from there on the network learns its own digits by heart, and its wrong answers to others become surer.",
                right=True,
            ),
            Option(
                "Train on, since more epochs make a network better.",
                "more epochs make it better on the digits that it learns from. On unseen ones, its loss gets worse.",
            ),
            Option(
                "Open the test set now, to see how long to train.",
                "then the test digits have decided something, and are no longer unseen. Validation digits are there for that.",
            ),
        ),
    ),
)
