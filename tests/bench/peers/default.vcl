vcl 4.1;
backend catalogue {
  .host = "@UPSTREAM_HOST@";
  .port = "@UPSTREAM_PORT@";
}
sub vcl_recv {
  return (hash);
}
sub vcl_backend_response {
  # What the upstream says about keeping was meant for the partner.
  unset beresp.http.cache-control;
  unset beresp.http.vary;
  set beresp.ttl = 1h;
  return (deliver);
}
