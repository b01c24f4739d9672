//! First names, to tell a name that the recogniser ran together: "Martingonzales".

/// Common where the callers live; the longer of two that begin alike wins.
const GIVEN: &str = "adriana alberto alejandra alejandro alicia ana andrea andres angel angela antonio beatriz camila carla \
     carlos carmen carolina cecilia claudia cristina daniel daniela david diana diego eduardo elena emilia enrique esteban \
     eva federico felipe fernanda fernando florencia francisco gabriel gabriela gloria graciela guillermo gustavo hector \
     hernan ignacio ines irene isabel ivan javier jorge jose juan julia julieta julio laura leonardo lorena lucas lucia \
     luis luz manuel marcela marcelo marcos margarita maria mariana mario marta martin mateo matias mauricio miguel monica \
     natalia nicolas norma oscar pablo paola patricia paula pedro pilar rafael ramiro ramon raquel raul ricardo roberto \
     rocio rodrigo rosa ruben samuel sandra santiago sebastian sergio silvia sofia susana teresa tomas valentina valeria \
     veronica victor victoria viviana ximena \
     alice andrew anne anthony barbara charles daniel david elizabeth emily emma george grace hannah helen henry jack \
     james jane jennifer jessica john joseph karen kevin laura linda lisa margaret mark mary matthew michael nancy oliver \
     patrick paul peter rachel richard robert ruth sarah simon sophie stephen steven susan thomas william";

/// A surname has at least so many letters.
const SURNAME: usize = 4;

/// How many letters of `word` (plain, lower case) are the first name where a surname sticks to it.
pub(super) fn length(word: &str) -> Option<usize> {
    let rest_is_a_surname = |name: &&str| word.len() >= name.len() + SURNAME && word.starts_with(*name);
    let name = GIVEN.split_whitespace().filter(rest_is_a_surname).max_by_key(|name| name.len())?;
    // "Fernández", "Rodríguez" and "Martínez" are surnames that begin like a first name.
    let is_surname = word.ends_with("ez") && word.len() <= name.len() + SURNAME + 1;
    (!is_surname).then_some(name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_run_together_are_told_apart() {
        for (word, name) in
            [("martingonzales", "martin"), ("josefernandez", "jose"), ("elenamorales", "elena")]
        {
            assert_eq!(length(word).and_then(|end| word.get(..end)), Some(name), "{word}");
        }
        for word in
            ["martin", "martinez", "fernandez", "rodriguez", "gonzales", "morales", "rosales", "marquez"]
        {
            assert_eq!(length(word), None, "{word}");
        }
    }
}
