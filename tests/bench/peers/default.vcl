vcl 4.1;
backend catalogue {
  .host = "@UPSTREAM_HOST@";
  .port = "@UPSTREAM_PORT@";
}
sub vcl_recv {
  return (hash);
}
sub vcl_backend_response {
  set beresp.ttl = 1h;
}
