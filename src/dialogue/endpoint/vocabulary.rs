//! The words that tell something about the end of a turn: plain, as [`super::words::plain`] gives them.

/// Words after which nobody stops: articles, prepositions, conjunctions, beginnings. With an accent they are other words.
pub(super) const DANGLING_ES: &str = "\
    el la los las un una unos unas de del a al ante para por con sin en entre sobre y e o u ni que porque pero \
    aunque mi mis su sus tu como cuando donde desde hasta hacia es soy son quiero quisiera necesito queria busco \
    muy arroba guion sino segun contra mientras durante tras bajo cada esta este prefiero seria nuestro nuestra \
    cuyo";
pub(super) const DANGLING_EN: &str = "\
    the a an of to for with without in on at by from about into and or but because which if so my your his her our \
    their is am are was want need i'd i'm it's would have very dot dash underscore maybe before after until while \
    since than as under over between we i he she they there's";
/// "I am", "yes, it is": behind one of these a verb that dangles else is an end.
pub(super) const SUBJECTS_EN: &str = "i he she it they that there you we what who this";
pub(super) const STRANDED_EN: &str = "is am are was have";
/// Ways to say that something is to come, at the end of any text.
pub(super) const ANNOUNCING: [&str; 51] = [
    "hold on",
    "hang on",
    "one moment",
    "one second",
    "just a second",
    "just a minute",
    "bear with me",
    "let me see",
    "let me check",
    "let me look",
    "let me think",
    "wait",
    "a question",
    "excuse me",
    "i mean",
    "you know",
    "not sure",
    "how do you say",
    "un momento",
    "un momentito",
    "un segundo",
    "un segundito",
    "espere",
    "espereme",
    "espera",
    "esperame",
    "a ver",
    "a ver si",
    "dejeme ver",
    "dejame ver",
    "digo",
    "es decir",
    "o sea",
    "no se",
    "le explico",
    "te explico",
    "le cuento",
    "te cuento",
    "le comento",
    "te comento",
    "lo que pasa",
    "el tema",
    "fijese",
    "una pregunta",
    "una consulta",
    "resulta",
    "es que",
    "perdon",
    "como se llama",
    "disculpe",
    "disculpa",
];
/// What announces more only where hardly anything else was said.
pub(super) const BEGINNING: &str = "\
    mire mira oiga bueno pues well look listen vea ok okay oh ah sorry actually anyway entonces so";
pub(super) const GREETINGS: &str = "\
    hola holis buenas buenos buen dia dias tardes noches alo hello hi hey good morning afternoon evening";
/// Words that alone are an answer or a farewell.
pub(super) const WHOLE_ANSWERS: &str = "\
    si no claro correcto exacto exactamente dale perfecto gracias muchas ok okay okey nada mas eso es todo adios \
    chau chao hasta luego bien bueno muy amable asi por favor vale listo seguro ninguno ninguna yes yeah correct \
    right sure fine great thanks thank you bye goodbye please nothing else nope yep";
/// What an answer of yes or no begins with.
pub(super) const AGREEING: &str = "\
    si no yes yeah claro dale ok okay sure nope yep correcto exacto bueno perfecto listo";
/// What the last sentence of a turn often ends with.
pub(super) const CLOSING: &str = "\
    gracias favor thanks please you adios chau chao luego bye goodbye todo amable bien perfecto perfect mejor right \
    acuerdo it fine actually";
pub(super) const QUESTIONS: &str = "\
    cual cuales cuando cuanto cuanta cuantos cuantas donde quien quienes hay tienen atienden aceptan \
    podria podrian what which when where who how do does is are can could would may will why";
pub(super) const TIMES: &str = "\
    lunes martes miercoles jueves viernes sabado domingo hoy manana pasado mediodia tarde noche enero febrero \
    marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre monday tuesday wednesday thursday \
    friday saturday sunday today tomorrow morning afternoon noon evening cualquiera anytime las at";
/// What a name is introduced by.
pub(super) const INTRODUCING: &str = "me llamo mi nombre es soy a de my name is i'm it's this";
pub(super) const MAIL_ENDINGS: &str = "com ar es mx co cl pe uy net org edu gob gov us io";
/// The names of letters, where somebody spells.
pub(super) const LETTERS_ES: &str = "\
    ge erre ene ele eme efe hache jota ka pe cu ese te u ve be equis ye zeta ce larga corta grande chica griega doble \
    acento";
