"""What this is, a finished example, and all runs."""

from mmclust.ui.home import gallery
from mmclust.ui.shell import frame, login

with frame.messages():
    records = login.runs()
    own = [record for record in records if not record.example]
    gallery.hero(first_visit=not own)
    example = next((r for r in records if r.example), None) or next((r for r in own if r.status == "finished"), None)
    if example is not None:
        gallery.showcase(example)
    gallery.unreadable(login.unreadable())
    gallery.lost()
    gallery.runs(own)
    gallery.deleted()
