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

Try it, in this order:

  # search in Japanese, prices in yen
  {program} sign GET '/v1/offers?q=植木鉢&language=ja&currency=JPY&limit=3' --as {live} | curl -s -K - | jq .

  # open the first offer
  ID=$({program} call GET '/v1/offers?q=植木鉢&limit=1' --as {live} 2>/dev/null | jq -r '.items[0].id')
  {program} call GET \"/v1/offers/$ID?language=ja&currency=JPY\" --as {live}

  # quote its first variant and order it
  OFFER=$({program} call GET \"/v1/offers/$ID\" --as {live} 2>/dev/null)
  LINE=$(echo \"$OFFER\" | jq -c '{{sku_id: .skus[0].id, quantity: (.minimum_order * (.order_multiple // 1))}}')
  QUOTE=$({program} call POST /v1/quotes --as {live} -d \"{{\\\"lines\\\":[$LINE]}}\" 2>/dev/null | jq -r '.quotes[0].id')
  {program} call POST /v1/orders --as {live} -k \"order-$QUOTE\" -d \"{{\\\"reference\\\":\\\"PO-1\\\",\\\"quote_id\\\":\\\"$QUOTE\\\"}}\"

Ctrl-C stops it; the data stays in {data}.
ready",
        ops = running.ops_address,
        catalogue = catalogue.url(),
        live_id = keys.0.key_id,
        sandbox_id = keys.1.key_id,
        sandbox = sandbox.display(),
        data = folder.path("").display(),
    )?;
    Ok(())
}
