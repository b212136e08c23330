//! `xunyuan openapi`: the generated documents, to print or to commit.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::{api, ops, param2, sandbox};

/// Which document.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    /// What partners call
    Partner,
    /// What the gateway calls
    Wholesale,
    /// What the operator's programs call
    Ops,
    /// The calls of the older protocol, as a page
    Param2,
}

/// What to do with the documents.
#[derive(Debug, Args)]
pub struct Asked {
    /// Which one to print
    #[arg(default_value = "partner")]
    which: Which,
    /// Write all into the folder openapi/ of the current directory
    #[arg(long)]
    write: bool,
}

/// Prints or writes.
pub fn run(asked: &Asked) -> Result<()> {
    if asked.write {
        for which in [Which::Partner, Which::Wholesale, Which::Ops, Which::Param2] {
            let path = Path::new("openapi").join(file(which));
            std::fs::write(&path, text(which)).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        return Ok(());
    }
    Ok(write!(std::io::stdout(), "{}", text(asked.which))?)
}

fn file(which: Which) -> &'static str {
    match which {
        Which::Partner => "partner.json",
        Which::Wholesale => "wholesale.json",
        Which::Ops => "ops.json",
        Which::Param2 => "param2.md",
    }
}

fn text(which: Which) -> String {
    match which {
        Which::Partner => api::openapi::text(&api::document()),
        Which::Wholesale => sandbox::openapi(),
        Which::Ops => api::openapi::text(&ops::json::document()),
        Which::Param2 => param2::page(),
    }
}
