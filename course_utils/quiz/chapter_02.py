"""The self-quiz of chapter 02: padding on both sides, strides that do not divide, and pixels that are not equal."""

from course_utils.quiz.questions import Option, Question

QUESTIONS = (
    Question(
        "A row of n = 8 pixels, a kernel of k = 3, padding p = 1, stride 1. How many positions has the window?",
        (
            Option(
                "8, for there is one zero at each end: 8 + 2 - 3 + 1",
                "padding is given per side, and a row has two ends. One zero more on each side makes up for what the kernel takes away.",
                right=True,
            ),
            Option(
                "7, for the padding adds one zero: 8 + 1 - 3 + 1",
                "padding = 1 puts one zero on each side. Here it is counted once, and a row has two ends.",
            ),
            Option(
                "10, for it starts once on each cell of the row: 8 + 2",
                "the row with its zeros has 10 cells. The window must lie inside them, so it cannot start on the last two.",
            ),
            Option(
                "6, for it may not start on a zero: 8 - 3 + 1",
                "that is the size without padding. With padding the window may hang over the edge: the zeros are cells like any other.",
            ),
        ),
    ),
    Question(
        "A row of n = 8 pixels, k = 3, stride 2, no padding: there is room for 2.5 moves. What happens?",
        (
            Option(
                "torch refuses, because the stride must divide the room.",
                "torch goes on without a word. The stride need not divide anything.",
            ),
            Option(
                "torch adds one zero at the end, so that all is read.",
                "nobody adds zeros that you did not ask for. What is left over at the end is left out.",
            ),
            Option(
                "torch makes 2 moves, and the last pixel is never read.",
                "half a move is no move. With the start that makes 3 positions, and none of them reaches pixel 7.",
                right=True,
            ),
        ),
    ),
    Question(
        "An image of 8 x 8, k = 3, p = 1, stride 1: the size stays the same. How often are its pixels read?",
        (
            Option(
                "All of them equally often, for the size is kept.",
                "the same size does not mean the same use. A corner is read 4 times, the inside 9 times.",
            ),
            Option(
                "The corners less often than the inside, even so.",
                "padding helps the corner, from 1 to 4 times, and the inside is read 9 times. It does not make them equal.",
                right=True,
            ),
            Option(
                "The corners most often, for the zeros lie there.",
                "windows do hang over the edge there, but what they read outside are zeros, not the corner pixel. It is read 4 times, the inside 9 times.",
            ),
        ),
    ),
)
