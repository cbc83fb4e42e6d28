"""A certificate authority for the length of a test, with a server and a client whose names it vouches for."""
import pathlib
import subprocess


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"openssl {' '.join(map(str, arguments))}: {done.stderr}")


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def authority(folder, name="ca"):
    """Makes NAME.pem and NAME.key."""
    folder = pathlib.Path(folder)
    _openssl("req", "-x509", *_NEW_KEY, "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem",
             "-days", "2", "-subj", f"/CN=test authority {name}")
    return str(folder / f"{name}.pem")


def issue(folder, name, subject_alt_name=None, ca="ca"):
    """Makes NAME.pem and NAME.key, signed by the authority `ca` of the same folder."""
    folder = pathlib.Path(folder)
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    _openssl("req", "-new", *_NEW_KEY, "-keyout", folder / f"{name}.key", "-out", request, "-subj", f"/CN={name}")
    extensions.write_text(f"subjectAltName={subject_alt_name}\n" if subject_alt_name else "\n")
    _openssl("x509", "-req", "-in", request, "-CA", folder / f"{ca}.pem", "-CAkey", folder / f"{ca}.key",
             "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", folder / f"{name}.pem")
    return str(folder / f"{name}.pem"), str(folder / f"{name}.key")


def make(folder):
    """{name: path} of an authority, a server called localhost and 127.0.0.1, and a client."""
    ca = authority(folder)
    server, server_key = issue(folder, "server", "DNS:localhost,IP:127.0.0.1")
    client, client_key = issue(folder, "client")
    return {"ca": ca, "server": server, "server_key": server_key, "client": client, "client_key": client_key}
