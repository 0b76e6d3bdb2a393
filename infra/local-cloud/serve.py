"""Runs ministack. Its Runtime API answers in two small packets, which without this waits 40 ms per invocation."""

import socketserver

from ministack.app import main

socketserver.StreamRequestHandler.disable_nagle_algorithm = True

if __name__ == "__main__":
    main()
