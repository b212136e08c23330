//! What the demo says when it is up: where everything is, and three commands to copy.

use std::io::Write;

use anyhow::Result;

use crate::commands::demo::address;
use crate::commands::demo::folder::Folder;
use crate::commands::key_file::KeyFile;
use crate::sandbox;
use crate::server::listeners::Running;

/// Prints it.
pub fn print(running: &Running, catalogue: &sandbox::Running, folder: &Folder) -> Result<()> {
    let here = address(running);
    let program = std::env::current_exe()?;
    let program = program.display();
    let (live, sandbox) = (folder.path("live.key"), folder.path("sandbox.key"));
    let keys = (KeyFile::read(&live)?, KeyFile::read(&sandbox)?);
    let live = live.display();
    let settings = folder.operator_settings(&running.house.config)?;
    let password = running.house.console.issue_one_time()?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "
Xunyuan demo

  docs         {here}/docs
  console      http://{ops}/console
               one-time password {password}   (good for one login; a new one at each start)
  health       http://{ops}/readyz   metrics  http://{ops}/metrics
  catalogue    {catalogue}   (the sandbox's own contract: {catalogue}/openapi.json)
  partner      tokyo-bazaar
  live key     {live_id}   in {live}
  sandbox key  {sandbox_id}   in {sandbox}

Try it, in this order (with curl and jq):

  X='{program}'; export XUNYUAN_KEY_FILE='{live}'

  # search in Japanese, prices in yen
  \"$X\" sign GET '/v1/offers?q=植木鉢&language=ja&currency=JPY&limit=3' | curl -s -K - | jq .

  # open the first offer
  ID=$(\"$X\" call GET '/v1/offers?q=植木鉢&limit=1' 2>/dev/null | jq -r '.items[0].id')
  \"$X\" call GET \"/v1/offers/$ID?language=ja&currency=JPY\"

  # quote its first variant and order it
  LINE=$(\"$X\" call GET \"/v1/offers/$ID\" 2>/dev/null | jq -c '{{sku_id: .skus[0].id, quantity: (.minimum_order * (.order_multiple // 1))}}')
  QUOTE=$(\"$X\" call POST /v1/quotes -d \"{{\\\"lines\\\":[$LINE]}}\" 2>/dev/null | jq -r '.quotes[0].id')
  \"$X\" call POST /v1/orders -k \"order-$QUOTE\" -d \"{{\\\"reference\\\":\\\"PO-$(date +%s)\\\",\\\"quote_id\\\":\\\"$QUOTE\\\"}}\"

The operator's own commands, in another terminal:

  X='{program}'; export XUNYUAN_CONFIG='{settings}'
  \"$X\" order list
  \"$X\" audit list
  \"$X\" partner list

Ctrl-C stops it; the data stays in {data}.
ready",
        ops = running.ops_address,
        catalogue = catalogue.url(),
        live_id = keys.0.key_id,
        sandbox_id = keys.1.key_id,
        sandbox = sandbox.display(),
        settings = settings.display(),
        data = folder.path("").display(),
    )?;
    Ok(())
}
