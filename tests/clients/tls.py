"""Ends TLS in front of the gateway: the official client asks for tokens by https only."""

import os
import socket
import ssl
import subprocess
import tempfile
import threading


def serve(gateway):
    """Starts on a free port of this machine; gives the address, and has `requests` trust it."""
    folder = tempfile.mkdtemp()
    key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    os.environ["REQUESTS_CA_BUNDLE"] = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, context, gateway), daemon=True).start()
    return "127.0.0.1:%d" % listener.getsockname()[1]


def _accept(listener, context, gateway):
    host, port = gateway.split(":")
    while True:
        raw, _ = listener.accept()
        client, server = context.wrap_socket(raw, server_side=True), socket.create_connection((host, int(port)))
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
