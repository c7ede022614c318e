"""CNN on augmented images: the net of cnn_32 on rotated, shifted and mirrored images, with early stopping."""

from models._published_plugin import declare

ESTIMATOR = declare(
    "CNN (augmented)",
    "stopped",
    augmentation="turned by up to 10°, shifted by up to a tenth of height and width, mirrored",
    degrees=10.0,
    shift=0.1,
    mirror=True,
)
