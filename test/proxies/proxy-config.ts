// The configuration of each proxy: a reverse proxy as its documentation shows it, with connections to the upstreams that
// stay open, and without a limit for the length of a body.

/** The name of a proxy. */
export type ProxyName = 'nginx' | 'nginx-unbuffered' | 'haproxy' | 'apache' | 'caddy' | 'varnish'

/** The facts that a configuration is made of. */
export interface ProxyPlace {
  /** The port of the proxy on 127.0.0.1. */
  port: number
  /** The ports of the upstreams on 127.0.0.1. */
  upstreams: readonly number[]
  /** The directory for logs and temporary files. */
  directory: string
  /** The files of the certificate and of the key, in PEM: nginx then serves HTTPS. */
  tls?: { cert: string; key: string }
  /** How long nginx and HAProxy wait for an upstream, in ms. Default 60,000. */
  timeoutMs?: number
}

/** A proxy: its configuration file and the command that runs it in the foreground. */
export interface ProxyKind {
  file: string
  config(place: ProxyPlace): string
  command(place: ProxyPlace): readonly string[]
}

const isRoot = process.getuid?.() === 0

const nginx: ProxyKind = {
  file: 'nginx.conf',
  // max_fails=0: a restart makes no upstream unavailable for ten seconds.
  config: ({ port, upstreams, directory, tls, timeoutMs = 60_000 }) => `
daemon off;
worker_processes 1;
${isRoot ? 'user root;' : ''}
pid ${directory}/nginx.pid;
error_log ${directory}/error.log warn;
events { worker_connections 1024; }
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  map $http_upgrade $connection_field { default upgrade; '' ''; }
  upstream app {
    ${upstreams.map((upstream) => `server 127.0.0.1:${upstream} max_fails=0;`).join('\n    ')}
    keepalive 16;
  }
  server {
    listen 127.0.0.1:${port} ${tls ? 'ssl ' : ''}backlog=1024;
    ${tls ? `ssl_certificate ${tls.cert};\n    ssl_certificate_key ${tls.key};` : ''}
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_read_timeout ${timeoutMs}ms;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_field;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`,
  command: ({ directory }) => ['nginx', '-p', directory, '-c', `${directory}/nginx.conf`],
}

const unbuffered: ProxyKind = {
  ...nginx,
  config: (place) =>
    nginx
      .config(place)
      .replace('proxy_http_version', 'proxy_request_buffering off;\n      proxy_http_version'),
}

const haproxy: ProxyKind = {
  file: 'haproxy.cfg',
  config: ({ port, upstreams, timeoutMs = 60_000 }) => `
global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server ${timeoutMs}ms
  timeout http-keep-alive 60s
  option forwardfor
  option redispatch 1
  retries 3
  http-reuse safe
frontend front
  bind 127.0.0.1:${port}
  default_backend app
backend app
  balance roundrobin
${upstreams.map((upstream, at) => `  server s${at} 127.0.0.1:${upstream}`).join('\n')}
`,
  command: ({ directory }) => ['haproxy', '-db', '-f', `${directory}/haproxy.cfg`],
}

const MODULES = '/usr/lib/apache2/modules'
const APACHE_MODULES = [
  'mpm_event',
  'authz_core',
  'proxy',
  'proxy_http',
  'proxy_wstunnel',
  'proxy_balancer',
  'slotmem_shm',
  'lbmethod_byrequests',
]
const apache: ProxyKind = {
  file: 'apache.conf',
  config: ({ port, upstreams, directory }) => `
ServerRoot ${directory}
ServerName 127.0.0.1
DefaultRuntimeDir ${directory}
PidFile ${directory}/apache.pid
ErrorLog ${directory}/error.log
Listen 127.0.0.1:${port}
${APACHE_MODULES.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
${isRoot ? 'User www-data\nGroup www-data' : ''}
LimitRequestBody 0
ProxyPreserveHost On
<Proxy balancer://app>
${upstreams.map((upstream) => `  BalancerMember http://127.0.0.1:${upstream} retry=0`).join('\n')}
</Proxy>
ProxyPass /ws ws://127.0.0.1:${upstreams[0]}/ws
ProxyPass / balancer://app/
`,
  command: ({ directory }) => ['apache2', '-f', `${directory}/apache.conf`, '-DFOREGROUND'],
}

const caddy: ProxyKind = {
  file: 'Caddyfile',
  config: ({ port, upstreams }) => `
{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${upstreams.map((upstream) => `127.0.0.1:${upstream}`).join(' ')}
}
`,
  command: ({ directory }) => ['caddy', 'run', '--config', `${directory}/Caddyfile`],
}

const varnish: ProxyKind = {
  file: 'app.vcl',
  config: ({ upstreams }) => `
vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${upstreams[0]}"; }
sub vcl_recv {
  if (req.http.upgrade ~ "(?i)websocket") { return (pipe); }
  return (pass);
}
sub vcl_pipe {
  if (req.http.upgrade) {
    set bereq.http.upgrade = req.http.upgrade;
    set bereq.http.connection = req.http.connection;
  }
}
`,
  command: ({ directory, port }) => [
    'varnishd',
    '-F',
    '-j',
    'none',
    '-n',
    `${directory}/work`,
    '-s',
    'malloc,64m',
    '-a',
    `127.0.0.1:${port}`,
    '-f',
    `${directory}/app.vcl`,
  ],
}

/** The proxies by the names of the command line. */
export const PROXIES: Readonly<Record<ProxyName, ProxyKind>> = {
  nginx,
  'nginx-unbuffered': unbuffered,
  haproxy,
  apache,
  caddy,
  varnish,
}
