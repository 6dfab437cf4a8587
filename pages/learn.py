"""Five short lessons on finished runs: look, predict, see what the runs say, takeaway."""

from mmclust.ui import lessons
from mmclust.ui.shell import frame

with frame.messages():
    lessons.draw_lessons()
