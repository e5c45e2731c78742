"""A name server that knows no name and says so at once: without one, each unknown name would take its time-out."""

import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
while True:
    query, sender = server.recvfrom(512)
    # The same question, with the flags of an answer and NXDOMAIN, and no records (RFC 1035, 4.1).
    server.sendto(query[:2] + b"\x81\x83" + query[4:6] + bytes(6) + query[12:], sender)
