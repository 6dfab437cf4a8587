"""The method of the README's section "Add a method": two views agree on clusters of equal size. Needs no torch."""

from dataclasses import dataclass

from mmclust.methods.card import MethodCard, Preset, Term, hyperparameter


@dataclass(frozen=True, kw_only=True)
class Config:
    """Hyper-parameters of the example."""

    temperature: float = hyperparameter(0.5, low=0.01, high=5, help="Softness of assignments.", symbol=r"\tau")
    balance: float = hyperparameter(1.0, low=0, high=10, help="Weight of even cluster use.", symbol=r"\lambda")
    learning_rate: float = hyperparameter(1e-3, low=1e-5, high=1e-1, log=True, help="Step size of Adam.")
    batch_size: int = hyperparameter(20, low=2, high=1024, help="Samples in a step.")


CARD = MethodCard(
    name="example",
    title="Example",
    paper="https://example.org/paper",
    citation="A. Author: An Example. Venue 2026.",
    idea="Views of a sample should lie in one cluster, and clusters should be used alike.",
    views="two views or more",
    terms=(
        Term(name="agreement", title="Agreement", latex=r"L_{agr}", meaning="Views disagree."),
        Term(name="balance", title="Balance", latex=r"L_{bal}", meaning="Clusters are uneven.", weight="balance"),
    ),
    objective=r"L_{agr} + \lambda L_{bal}",
    config=Config,
    presets={"quick": {"*": Preset(epochs=5, note="The example's defaults.")}},
    ablations={"without balance": {"balance": 0.0}},
    preprocessing=lambda values: ("flatten", "minmax"),
    several_views=True,
)
