"""A PostgreSQL server of the tests' own: on a free port, in a temporary folder, as an ordinary user."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import create_engine

FOLDERS = "/usr/lib/postgresql/*/bin"  # Debian's and Ubuntu's; elsewhere the programs are found by PATH
UNSAFE_BUT_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def programs() -> Path | None:
    """Folder of `initdb` and `pg_ctl`, None where PostgreSQL is not installed."""
    folders = sorted(Path("/").glob(FOLDERS.lstrip("/")), reverse=True)
    if found := shutil.which("pg_ctl"):
        folders.append(Path(found).parent)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


class PostgreSQL:
    """A server that can be stopped and started again, as one that breaks down."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="mmclust-postgresql-"))
        self.user = _ordinary_user()
        if self.user is not None:  # root is refused by the server
            os.chown(self.folder, self.user, -1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._run("initdb", "--no-sync", "--auth=trust", "--username=tests", "--encoding=UTF8", "--locale=C")
        self.start()

    @property
    def url(self) -> str:
        """Address of its database."""
        return f"postgresql://tests@127.0.0.1:{self.port}/postgres"

    @property
    def runs(self) -> bool:
        """Whether it was started and not stopped."""
        return (self.folder / "data" / "postmaster.pid").exists()

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}"]
        options = " ".join(f"-c {setting}" for setting in (*settings, *UNSAFE_BUT_FAST))
        self._run("pg_ctl", "start", "--wait", f"--log={self.folder / 'log'}", f"--options={options}")

    def stop(self) -> None:
        """Cut all connections and end it."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def close(self) -> None:
        """End it and remove its files."""
        if self.runs:
            self.stop()
        shutil.rmtree(self.folder)

    def execute(self, statement: str) -> None:
        """Run a statement outside of any transaction."""
        engine = create_engine(self.url.replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), f"--pgdata={self.folder / 'data'}", *arguments]
        done = subprocess.run(
            command,
            user=self.user,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,  # a pipe would stay open in the server
            stderr=subprocess.DEVNULL,
            timeout=120,
        )
        assert done.returncode == 0, f"{program} ended with {done.returncode}: {self._log()}"

    def _log(self) -> str:
        log = self.folder / "log"
        return log.read_text()[-2000:] if log.exists() else "it has written nothing"


def _ordinary_user() -> int | None:
    """Whom a test that runs as root starts the server as; None for itself."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise AssertionError("the tests run as root, and there is no user postgres or nobody to start PostgreSQL as")
