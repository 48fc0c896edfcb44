"""What a user may get wrong: a checker reports each line that says so, and no other."""

import numpy as np

import synthmark
from synthmark import watermark

pixels = np.zeros((512, 512, 3), np.uint8)

synthmark.Embedder("Acme")  # wrong
synthmark.Embedder(strength="robust")  # wrong
synthmark.Label(modell="acme-xl/3.1")  # wrong
synthmark.Verifier(keys="secret")  # wrong
synthmark.strip(b"...")  # wrong
watermark.video.embed(pixels)  # wrong
watermark.image.embed(pixels, "payload", key=synthmark.OPEN_KEY)  # wrong
watermark.image.embed(pixels, bytes(16))  # wrong

result = synthmark.embed("picture.png")
round(result.psnr + 1)  # wrong
result.asset = b""  # wrong
round(result.margin + 1)
