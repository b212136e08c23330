//! Makes doors and rooms from the settings, binds the listeners, runs the background tasks, and shuts down in order.

pub mod allowances;
pub mod books;
pub mod connection;
pub mod house;
pub mod listeners;
pub mod passes;
pub mod readings;
pub mod settings;
pub mod tasks;
