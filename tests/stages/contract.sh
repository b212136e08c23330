# Sourced by tests/run: what partners see, looked at from outside with other people's tools.
# shellcheck shell=bash disable=SC2154

stage_sdk() {
  need python3 node curl openssl jq
  start_demo
  export_key "$demo_data/sandbox.key"
  partner-sdk-examples/check
}

# The pages themselves: drawn, searched and tried out in a browser that reaches nothing but the gateway.
stage_browser() {
  need chromium chromedriver node
  need_packages
  start_demo
  export_key "$demo_data/sandbox.key"
  export XUNYUAN_SCREENS="$CARGO_TARGET_DIR/screens"
  python3 tests/browser/docs.py
  XUNYUAN_OPS_URL=$(sed -n 's|^ *console *\(http://[^/]*\)/console$|\1|p' "$folder/demo.log")
  XUNYUAN_CONSOLE_PASSWORD=$(awk '/one-time password/ { print $3 }' "$folder/demo.log")
  export XUNYUAN_OPS_URL XUNYUAN_CONSOLE_PASSWORD
  NODE_PATH="$tools/node/node_modules" node tests/browser/console.mjs
}

stage_foreign() {
  need_packages
  start_demo
  export_key "$demo_data/sandbox.key"
  "$tools/venv/bin/python" tests/contract/foreign/client.py
  NODE_PATH="$tools/node/node_modules" node tests/contract/foreign/client.cjs
  NODE_PATH="$tools/node/node_modules" "$tools/venv/bin/python" tests/contract/foreign/webhook.py
}

# The older protocol, spoken by the clients that were written for it.
stage_clients() {
  need openssl jq
  need_packages
  # Orders move when the test says so.
  start_demo --plan enterprise --pace 0.001
  export_key "$demo_data/sandbox.key"
  local app
  export XUNYUAN_CONFIG="$demo_data/operator.toml"
  "$folder/xunyuan" partner open-door tokyo-bazaar
  app=$("$folder/xunyuan" key app issue tokyo-bazaar --json)
  XUNYUAN_AOP_SERVER=${XUNYUAN_URL#http://}
  XUNYUAN_AOP_KEY=$(jq -r .app_key <<<"$app")
  XUNYUAN_AOP_SECRET=$(jq -r .secret <<<"$app")
  XUNYUAN_AOP_TOKEN=$(jq -r .access_token <<<"$app")
  XUNYUAN_AOP_CODE=$("$folder/xunyuan" key app authorise "$XUNYUAN_AOP_KEY")
  export XUNYUAN_AOP_SERVER XUNYUAN_AOP_KEY XUNYUAN_AOP_SECRET XUNYUAN_AOP_TOKEN XUNYUAN_AOP_CODE
  # A running gateway sees the new app within two seconds.
  sleep 2
  "$tools/venv/bin/python" tests/clients/wnaop.py
  # The package is TypeScript as it was written, and knows one host only: the gateway stands before it as its proxy.
  NODE_PATH="$tools/node/node_modules" esbuild tests/clients/npm.mjs --bundle --platform=node --log-level=warning \
    --outfile="$folder/npm.cjs"
  http_proxy=$XUNYUAN_URL https_proxy=$XUNYUAN_URL no_proxy='' node "$folder/npm.cjs"
}

stage_lint() {
  need_packages
  local rules=tests/contract/lint
  redocly lint --config "$rules/redocly.yaml" --format=stylish partner wholesale ops
  spectral lint --ruleset "$rules/spectral-partner.yaml" --fail-severity=error --display-only-failures openapi/partner.json
  spectral lint --ruleset "$rules/spectral.yaml" --fail-severity=error --display-only-failures openapi/wholesale.json
}

stage_fuzz() {
  need_packages
  local examples=100 seed=(--seed 1688)
  [ "$full" = no ] || { examples=300 && seed=(); }
  start_demo --plan enterprise
  export_key "$demo_data/sandbox.key"
  tests/contract/schemathesis/run "$tools/venv/bin" openapi/partner.json \
    --max-examples "${XUNYUAN_FUZZ_EXAMPLES:-$examples}" "${seed[@]}"
}
