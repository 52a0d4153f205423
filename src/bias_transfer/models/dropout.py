"""A masked language model once more, with another rate of dropout."""

import copy

from transformers import PreTrainedModel

from bias_transfer.models.families import FAMILIES
from bias_transfer.models.hidden_debias import attach_projection, attached_projection


def own_rates(model: PreTrainedModel) -> dict[str, float]:
    """Return the rates of dropout of a masked language model, by the keys of its config."""
    keys = FAMILIES[model.config.model_type].dropout
    return {key: float(getattr(model.config, key)) for key in keys}


def with_rate(model: PreTrainedModel, rate: float) -> PreTrainedModel:
    """Return a copy of a masked language model that drops hidden states and attention at a rate.

    It is built from a config of its own: some families build a module of another kind where a rate
    is zero, and some keep rates outside any module. The model is left as it was. Weights are drawn
    for the copy before it gets the model's, which uses torch's random numbers.

    Parameters
    ----------
    model
        On any device; its copy is on the same one.
    rate
        Of every dropout that the config has a rate for, but for those of classifiers.
    """
    config = copy.deepcopy(model.config)
    for key in own_rates(model):
        setattr(config, key, rate)
    made = type(model)(config)
    projection = attached_projection(model)
    if projection is not None:
        attach_projection(made, projection.erasure)
    made.load_state_dict(model.state_dict())
    return made.to(model.device).train(model.training)
