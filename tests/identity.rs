//! Signing in and out.

use serde_json::json;

use crate::support::{World, both};

both! {
    async fn a_person_signs_in_with_a_code_from_the_mail(world: World) {
        let mariama = world.sign_in("mariama@example.org").await;
        let me = mariama.get("/v1/me").await.expect(200);
        assert_eq!(me["email"], "mariama@example.org");
    }
}
