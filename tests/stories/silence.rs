//! Nobody speaks.

use crate::script::says;
use crate::stage::Stage;

#[test]
fn a_silent_caller_is_asked_twice_and_then_told_goodbye() {
    let mut stage = Stage::greeted([]);
    stage.until(60_000);
    // The greeting's five characters end at 460 ms.
    assert_eq!(
        stage.story(),
        " 8460 say 2.0 “¿Sigue ahí?”
17360 say 3.0 “No le escucho.”
17360 say 3.1 “¿Me oye bien?”
27400 say 4.0 “Como no le escucho,”
27400 say 4.1 “voy a terminar la llamada.”
27400 say 4.2 “Puede volver a llamarnos cuando quiera.”
27400 say 4.3 “Hasta luego.”
34360 hang up: silence"
    );
}

#[test]
fn speaking_resets_the_count() {
    let mut stage = Stage::greeted([says("Bien.")]);
    stage.until(9_500);
    stage.say("Sí, aquí estoy.", 800).until(30_000);
    let asked = stage.story().matches("¿Sigue ahí?").count();
    assert_eq!(asked, 2);
}
