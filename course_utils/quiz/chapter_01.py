"""The self-quiz of chapter 01: channels, the flip that does not happen, and where kernels come from."""

from course_utils.quiz.questions import Option, Question

QUESTIONS = (
    Question(
        "The CNN's second convolution reads 16 maps and has 32 kernels. What does one of its kernels do?",
        (
            Option(
                "It slides one grid of numbers over all 16 maps in turn.",
                "a kernel has a grid of its own for each input map. One grid is enough only where there is one input channel, as in the first layer.",
            ),
            Option(
                "It makes 16 maps, one for each map that it reads.",
                "the 16 results are added, place by place. What is left is one map for each kernel, so 32 in all.",
            ),
            Option(
                "It makes the image larger, as 32 is more than 16.",
                "more kernels mean more maps, not larger ones. How large a map is depends on the image and on the kernel's size.",
            ),
            Option(
                "It has 16 grids, and adds their results into one map.",
                "a kernel reaches through all input channels, with a grid for each. Adding makes one map of them.",
                right=True,
            ),
        ),
    ),
    Question(
        "A mathematician says that a convolution flips its kernel. What does F.conv2d do?",
        (
            Option(
                "It flips the kernel first, for it is called a convolution.",
                "the name misleads. It lays the kernel down as it is, which is properly called cross-correlation.",
            ),
            Option(
                "It does not flip. A network learns its kernels all the same.",
                "had it flipped, the network would have learned the same kernels the other way round.",
                right=True,
            ),
            Option(
                "It does not flip, so a network learns worse than it could.",
                "kernels are learned, so each number ends up where it is of use. The flip matters when you choose a kernel by hand.",
            ),
        ),
    ),
    Question(
        "Where do the sixteen kernels of the trained network come from?",
        (
            Option(
                "They began as random numbers, and were learned from digits.",
                "nobody chose them. Some of them resemble edge detectors, and nobody told the network what an edge is.",
                right=True,
            ),
            Option(
                "They were chosen by people who know what an edge looks like.",
                "you chose the top edge by hand, so it is tempting to think so. In the network, nobody chose a single number.",
            ),
            Option(
                "They are small averages of the digits, some for each class.",
                "a kernel of 5 x 5 sees a small part of a digit, and all ten classes share the sixteen. They are not pictures of digits.",
            ),
        ),
    ),
)
