//! The files of the docs that are not pages, built into the program.
//! All share one folder named after their content, so that scripts import each other by plain relative names.

use std::sync::LazyLock;

use crate::api::docs::answer::digest;

/// One built-in file.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its file name.
    pub name: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets {
    ($( $name:literal $content_type:ident; )*) => {
        /// Every file.
        pub const ALL: &[Asset] = &[ $( Asset {
            name: $name,
            content_type: $content_type,
            bytes: include_bytes!(concat!("assets/", $name)),
        }, )* ];
    };
}

assets! {
    "frame.css" CSS;
    "reference.css" CSS;
    "theme.js" JS;
    "page.js" JS;
    "dom.js" JS;
    "code.js" JS;
    "markdown.js" JS;
    "openapi.js" JS;
    "schema.js" JS;
    "operation.js" JS;
    "samples.js" JS;
    "sign.js" JS;
    "key.js" JS;
    "recall.js" JS;
    "tryout.js" JS;
    "reference.js" JS;
    "signer.js" JS;
    "logo.svg" SVG;
}

static RELEASE: LazyLock<String> = LazyLock::new(|| {
    let all: Vec<u8> = ALL.iter().flat_map(|asset| asset.bytes).copied().collect();
    digest(&all)
});

/// Names the folder: a digest over all files.
pub fn release() -> &'static str {
    &RELEASE
}

/// Finds a file by its name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ALL.iter().find(|asset| asset.name == name)
}
