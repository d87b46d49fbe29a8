"""waitress. Arguments: the threads, and the app."""

import logging
import sys

from named_app import app_of
from ready import end_with_stdin, ready
from waitress.server import create_server

end_with_stdin()
# A line for each request that waits would be a part of the measurement.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
# The default of 100 connections would make slow clients fill the server, and measure that limit.
server = create_server(
    app_of((sys.argv[2:] or ["wsgi_app:app"])[0]),
    host="127.0.0.1",
    port=0,
    threads=int(sys.argv[1]),
    connection_limit=1000,
    backlog=1024,
)
ready(server.effective_port)
server.run()
