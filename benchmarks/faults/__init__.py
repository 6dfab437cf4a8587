"""Faults at random moments and places: no run may be finished and wrong, and nothing finished may be lost.

A fault depends on its number alone (`--first`), apart from what the machine's speed adds. Its kind is the name of a
function:

    flips     64 bytes of a file of a home are changed; what is read afterwards is as it was, or refused in a sentence
    bundles   likewise of a bundle, which is then imported
    kills     a training is killed, and resumed until it ends; its numbers are those of an undisturbed run
    outages   the store is away for a while, PostgreSQL where it is installed, SQLite elsewhere; often with a kill
    disk      the disk fills up while a run trains; it says so, and goes on when there is room
    full      while the disk is full, what is read still comes, and what is written fits or says that it does not
    works     an export, bundle, import, upload or layout is killed; what is found afterwards is whole, or absent
    sweeps    a sweep is killed, or its workers; carried out again it gives the table of an undisturbed one
    tasks     a worker of a Ray cluster is killed; the cluster goes on with its run, whose numbers are the same
    stops     a server is stopped by SIGINT or SIGTERM, in every phase; it ends by itself, its run can be resumed
    sessions  30 or 100 visitors look at every page twice while a run trains; none is down, the run has its numbers
"""
