"""The self-quiz of chapter 00: axes, the missing one, and what dividing by 255 does."""

from course_utils.quiz.questions import Option, Question

QUESTIONS = (
    Question(
        "A batch has the shape (5, 3, 28, 28). What does the 3 say?",
        (
            Option(
                "Each image is 3 rows high: it is the input height.",
                "many copies of a well-known lesson say so. The axes are (B, C, H, W). The height is the third of them, here 28.",
            ),
            Option(
                "There are 3 images in it: it is the size of the batch.",
                "the images are counted by the first axis. Here there are 5.",
            ),
            Option(
                "Each pixel has 3 numbers: it is the number of channels.",
                "the axes are (B, C, H, W), and C counts the channels. These are colour images: red, green and blue.",
                right=True,
            ),
        ),
    ),
    Question(
        "Raw digits have the shape (500, 28, 28). Why does the convolution refuse them, even after you divided by 255?",
        (
            Option(
                "It takes the 500 images for 500 channels of one image.",
                "one axis is missing, so the images stand in the place of the channels. The layer was made for one channel.",
                right=True,
            ),
            Option(
                "It reads one image at a time, and these are 500 at once.",
                "it reads whole batches. With the missing axis in its place, the same 500 images go through in one call.",
            ),
            Option(
                "It reads images of three channels, and these are grey.",
                "a grey image has one channel, and this layer was made for one. What is missing is the axis that says so.",
            ),
        ),
    ),
    Question(
        "You divide the bytes of an image by 255. What becomes of the picture?",
        (
            Option(
                "Its fine shades are lost: each pixel is now either 0 or 1.",
                "dividing gives decimal numbers, so a byte of 51 becomes 0.2. Only whole-number division, //, would drop the rest.",
            ),
            Option(
                "It stays the same picture, in numbers from 0 to 1.",
                "each byte keeps its place between paper and ink. The range changes, and the dtype becomes float32.",
                right=True,
            ),
            Option(
                "Its numbers now lie around 0, half of them negative.",
                "no number becomes negative. Paper is 0 and stays 0; the largest byte, 255, becomes 1.",
            ),
        ),
    ),
)
