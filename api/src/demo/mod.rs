//! The demonstration.

use crate::ambient::Ambient;
use crate::settings::Flags;

pub async fn serve(_: &mut Flags, _: Ambient) -> Result<(), Box<dyn std::error::Error>> {
    Err("to come".into())
}
