"""waitress: the WSGI app in as many threads as the argument says."""

import logging
import sys

from ready import end_with_stdin, ready
from waitress.server import create_server
from wsgi_app import app

end_with_stdin()
# A line for each request that waits would be a part of the measurement.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
# The default of 100 connections would make slow clients fill the server, and measure that limit.
server = create_server(
    app, host="127.0.0.1", port=0, threads=int(sys.argv[1]), connection_limit=1000, backlog=1024
)
ready(server.effective_port)
server.run()
