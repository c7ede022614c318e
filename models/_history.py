"""What the training of a net looked like; apart from _torch.py, so that a plugin can name it without loading torch."""

from __future__ import annotations

from sklearn.pipeline import Pipeline


def curves(pipeline: Pipeline) -> dict[str, list[float]]:
    """Return what a pipeline's last step, a `SeededNet`, noted in each epoch; nothing if it was not fitted.

    Returns
    -------
    dict of str to list of float
        `train_loss` and `train_accuracy`, of each epoch's batches as they were trained on; of a net
        that was stopped early also `valid_loss`, of the search for the number of epochs, which goes
        on for some epochs after the best.
    """
    net = pipeline[-1]
    found = {name: [epoch[name] for epoch in net.history or []] for name in ("train_loss", "train_accuracy")}
    found["valid_loss"] = getattr(net, "valid_loss_", [])
    return {name: values for name, values in found.items() if values}
