"""One small live curve without title and legend, cheap enough to redraw many of them every few seconds."""

from typing import Any

import numpy as np

from mmclust.plots.palette import NEUTRAL, rgba


def sparkline(
    epoch: np.ndarray,
    value: np.ndarray,
    *,
    name: str,
    color: str,
    epochs: int,
    reference: float | None = None,
    note: str = "",
) -> dict[str, Any]:
    """ECharts option of one curve.

    Args:
        epoch: (n,) rising.
        value: (n,) finite.
        name: shown in the tooltip.
        color: hex colour of the line.
        epochs: length of the training, the end of the axis.
        reference: value of a dashed line to compare with.
        note: what the dashed line means.
    """
    points = np.stack([epoch.round(2), value], axis=1).tolist()
    series: dict[str, Any] = {
        "type": "line",
        "name": name,
        "data": [[x, float(f"{y:.4g}")] for x, y in points],
        "showSymbol": len(points) < 3,
        "symbolSize": 4,
        "lineStyle": {"width": 1.8},
        "itemStyle": {"color": color},
        "areaStyle": {"color": rgba(color, 0.1), "origin": "start"},
        "emphasis": {"disabled": True},
    }
    axis: dict[str, Any] = {"type": "value", "scale": True, "splitNumber": 2}
    if reference is not None:
        series["markLine"] = {
            "silent": True,
            "symbol": "none",
            "animation": False,
            "lineStyle": {"type": "dashed", "color": NEUTRAL},
            "label": {"formatter": note, "position": "insideEndBottom", "color": NEUTRAL},
            "data": [{"yAxis": reference}],
        }
        seen = np.append(value, reference)
        room = 0.08 * float(np.ptp(seen)) or 0.1
        axis |= {"min": float(f"{seen.min() - room:.3g}"), "max": float(f"{seen.max() + room:.3g}")}
    return {
        "animation": False,
        "grid": {"left": 4, "right": 10, "top": 8, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {"type": "value", "min": 0, "max": epochs, "splitNumber": 2, "splitLine": {"show": False}},
        "yAxis": axis,
        "series": [series],
    }
