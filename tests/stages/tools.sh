# Sourced by tests/run: what the stages need and how it comes onto the machine.
# Nothing is installed into the source tree; system packages only when root.
# shellcheck shell=bash disable=SC2154 # root and tools are set by tests/run

# Command → Debian package.
packages="
cc:build-essential
chromedriver:chromium-driver
chromium:chromium
curl:curl
jq:jq
mold:mold
node:nodejs
npm:npm
openssl:openssl
promtool:prometheus
python3:python3
redis-server:redis-server
shellcheck:shellcheck
slowhttptest:slowhttptest
"
nextest_version=0.9.143
# Only taken where the system's node is older than the linters need.
node_version=22.23.3

stage_tools() {
  install_system_packages
  install_python_packages
  install_node_packages
  install_nextest
}

# Makes what is installed under $tools come first; safe to call before it is there.
prepare_paths() {
  local postgres node
  postgres=$(postgres_bin)
  export PATH="$tools/venv/bin:$tools/cargo/bin:$tools/node/node_modules/.bin:$root_path${postgres:+:$postgres}"
  # Debian's node can be older than the linters allow; then one from the registry stands in.
  node="$tools/node/node_modules/node-linux-$(node_arch)/bin"
  if [ -x "$node/node" ]; then export PATH="$node:$PATH"; fi
  if [ -z "${RUSTFLAGS:-}" ] && command -v mold >/dev/null; then
    export RUSTFLAGS="-C link-arg=-fuse-ld=mold"
  fi
  # Neither tool needs to tell anyone that it runs.
  export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true SCARF_ANALYTICS=false PIP_DISABLE_PIP_VERSION_CHECK=1
}
root_path=$PATH

# Ends the stage when a command is missing, and says how it comes.
need() {
  local name
  for name in "$@"; do
    command -v "$name" >/dev/null || die "this stage needs '$name', which is not there: run tests/run tools first"
  done
}

# Ends the stage when the Python or Node packages are not there, or not as asked for now.
need_packages() {
  cmp -s tests/contract/requirements.txt "$tools/venv/installed.txt" && [ -e "$tools/node/complete" ] \
    && cmp -s tests/contract/package.json "$tools/node/package.json" \
    || die "the Python and Node packages are not there: run tests/run tools first"
}

install_system_packages() {
  local missing=() pair
  for pair in $packages; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  command -v initdb >/dev/null || missing+=(postgresql)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  [ ${#missing[@]} -gt 0 ] || { echo "system packages: all there" && return; }
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests/run: these are missing, and only root on Debian has them installed here: ${missing[*]}" >&2
    exit 2
  fi
  echo "installing ${missing[*]}"
  apt-get update -qq
  # Runlevel 1: no package starts a server of its own; the stages start theirs.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
  prepare_paths
}

install_python_packages() {
  local wanted=tests/contract/requirements.txt
  if cmp -s "$wanted" "$tools/venv/installed.txt"; then
    echo "python packages: all there" && return
  fi
  # The python3 that is found from now on is the system's.
  rm -rf "$tools/venv" && hash -r
  python3 -m venv "$tools/venv"
  "$tools/venv/bin/pip" install -q -r "$wanted"
  cp "$wanted" "$tools/venv/installed.txt"
}

install_node_packages() {
  local wanted=tests/contract/package.json extra=()
  if cmp -s "$wanted" "$tools/node/package.json" && [ -e "$tools/node/complete" ]; then
    echo "node packages: all there" && return
  fi
  rm -rf "$tools/node" && mkdir -p "$tools/node"
  cp "$wanted" "$tools/node/package.json"
  if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; then
    extra=("node-linux-$(node_arch)@$node_version")
    echo "node $(node --version) is older than 20.19: taking ${extra[*]}"
  fi
  # No install scripts: none of these packages needs one.
  npm install --prefix "$tools/node" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error \
    "${extra[@]}"
  touch "$tools/node/complete"
}

install_nextest() {
  if cargo nextest --version >/dev/null 2>&1; then
    echo "cargo-nextest: there" && return
  fi
  cargo install --quiet --locked --root "$tools/cargo" "cargo-nextest@$nextest_version"
}

node_arch() {
  if [ "$(uname -m)" = aarch64 ]; then echo arm64; else echo x64; fi
}

# Debian keeps the server's programs, initdb among them, out of PATH.
postgres_bin() {
  find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1
}
