"""CNN without augmentation: the net that cnn_augmented is compared with; it differs in nothing but the images."""

from models._published_plugin import declare

ESTIMATOR = declare("CNN (not augmented)", "stopped")
