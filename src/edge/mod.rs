//! What all faces share: the sealed request, problems, readers of path, query and body, replies, and the front
//! that every request passes on its way in and out.

pub mod address;
pub mod crowd;
pub mod encoding;
pub mod extras;
pub mod front;
pub mod own_form;
pub mod parts;
mod pieces;
pub mod problem;
pub mod reply;
mod request_id;
pub mod sealed;
mod shape;
pub mod upload;
pub mod visit;
mod wording;
