//! In any order of events somebody owns the floor or a timer is armed, and a caller who says nothing always ends the call.

use crate::random;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `Stage` fails where a call had to be recovered: nobody had the floor and no timer was armed.
    #[test]
    fn somebody_owns_the_floor_or_a_timer_is_armed(call in random::call(0)) {
        let mut stage = call.stage();
        call.happens(&mut stage);
        // Whatever happened, when nobody says any more the call ends by itself, even where the line is not silent.
        prop_assert!(stage.call.is_over(), "still {}\n{}", stage.call.floor(), stage.story());
    }
}
