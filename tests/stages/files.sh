# Sourced by tests/run: what is neither Rust nor contract.
# shellcheck shell=bash disable=SC2154

stage_shell() {
  need shellcheck
  local scripts
  mapfile -t scripts < <(grep -rlE '^#!.*\b(ba)?sh$' .ci tests deploy partner-sdk-examples --exclude-dir=node_modules)
  scripts+=(tests/stages/*.sh)
  shellcheck --external-sources --severity=warning "${scripts[@]}"
  echo "${#scripts[@]} scripts"
}

stage_deploy() {
  need_packages
  cargo build --quiet --locked --bin xunyuan
  "$tools/venv/bin/python" tests/contract/deploy.py "$CARGO_TARGET_DIR/debug/xunyuan"
  if command -v systemd-analyze >/dev/null; then
    verify_unit
  else
    echo "systemd-analyze is not here: the unit is only read, not verified"
  fi
}

# The rules as Prometheus reads them, and each alert firing when it should. That what they name is there to be scraped is
# a test of the integration suite (tests/it/alerts.rs).
stage_alerts() {
  need promtool
  promtool check rules deploy/alerts.yaml
  promtool test rules tests/alerts/*.test.yaml
}

# The program is not installed where the unit expects it: any other stands in.
verify_unit() {
  make_folder
  sed 's|^ExecStart=/usr/local/bin/xunyuan|ExecStart=/bin/true|' deploy/xunyuan.service >"$folder/xunyuan.service"
  systemd-analyze verify "$folder/xunyuan.service"
  systemd-analyze security --offline=yes --threshold=20 --no-pager "$folder/xunyuan.service" | tail -n 1
}
