//! Asking suppliers in words (牛顿云): a task is an inquiry, made of what its message says. What the platform's agent would
//! ask back is refused with what the message has to say; who answers, and at which price, is told by the task.

mod message;
pub mod rows;
pub mod task;
mod view;
