"""One nginx with one worker: as the upstream, as the plain proxy, and as the host of ngx_lua."""

from ..processes import Process, accepts, family, first_line, free_port, program

PACKAGES = {"nginx": "nginx"}

MAIN = """
daemon off;
master_process on;
worker_processes 1;
pid @FOLDER@/nginx.pid;
error_log @FOLDER@/error.log warn;
@MODULES@
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path @FOLDER@/client_body;
    proxy_temp_path @FOLDER@/proxy;
    fastcgi_temp_path @FOLDER@/fastcgi;
    uwsgi_temp_path @FOLDER@/uwsgi;
    scgi_temp_path @FOLDER@/scgi;
    tcp_nodelay on;
    keepalive_timeout 75s;
    keepalive_requests 1000000000;
    @HTTP@
}
"""

# Forwarding with connections kept alive, as nginx's own documentation of `keepalive` sets it up.
FORWARD = """
    upstream backend {
        server 127.0.0.1:@UPSTREAM@;
        keepalive 128;
        keepalive_requests 1000000000;
    }
"""


class Nginx:
    """Writes the configuration, starts nginx and waits until it listens. `@PORT@`, `@FOLDER@`, `@UPSTREAM@` are filled
    in."""

    def __init__(self, name, http, stage, cpus, modules=()):
        self.port = free_port()
        folder = stage.folder / name
        folder.mkdir()
        loads = "".join(f"load_module {module};\n" for module in modules)
        self.text = self._fill(MAIN.replace("@MODULES@", loads).replace("@HTTP@", http), folder, stage)
        file = folder / "nginx.conf"
        file.write_text(self.text)
        self._process = Process(
            name, [program("nginx"), "-p", folder, "-e", folder / "error.log", "-c", file], folder, cpus)
        self._process.wait_until(lambda: accepts(self.port))

    def _fill(self, text, folder, stage):
        upstream = str(stage.upstream.port) if stage.upstream else ""
        return text.replace("@PORT@", str(self.port)).replace("@FOLDER@", str(folder)).replace("@UPSTREAM@", upstream)

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self):
        return family(self._process.pid)

    @property
    def command(self):
        return self._process.command

    def stop(self):
        self._process.stop()

    @staticmethod
    def version():
        return first_line(program("nginx"), "-v")
