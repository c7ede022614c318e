"""Training curves of a net; not in _torch.py, so that a plugin is imported without torch."""

from __future__ import annotations

from sklearn.pipeline import Pipeline


def training_curves(pipeline: Pipeline) -> dict[str, list[float]]:
    """Return the loss and accuracy of each epoch of a pipeline whose last step is a `SeededNet`.

    Returns
    -------
    dict of str to list of float
        `train_loss` and `train_accuracy`, each epoch's mean over its batches during training. A net
        with early stopping also has `valid_loss`, from the search for the number of epochs, which
        continues for some epochs after the best one. Empty if the net is not fitted.
    """
    net = pipeline[-1]
    curves = {name: [epoch[name] for epoch in net.history or []] for name in ("train_loss", "train_accuracy")}
    curves["valid_loss"] = getattr(net, "valid_loss_", [])
    return {name: values for name, values in curves.items() if values}
