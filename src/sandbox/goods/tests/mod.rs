//! Claims about the authored files and about the goods made from them.

mod authored;
mod drawn;
mod made;
