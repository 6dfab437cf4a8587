"""Five short lessons on finished runs: look, predict, see what the runs say, take along."""

from mmclust.ui import frame, learn

with frame.messages():
    learn.page()
