//! The phrases by which wishes and questions are known: plain forms, one after the other, with a comma between.

/// Agrees.
pub const YES: &str = "si, claro, correcto, exacto, exactamente, perfecto, dale, ok, okey, okay, esta bien, de acuerdo, asi \
     es, por supuesto, confirmo, confirmado, me sirve, me queda bien, eso es, afirmativo, todo bien, como \
     no, buenisimo, barbaro, listo, adelante, esa, yes, yeah, yep, sure, correct, right, perfect, sounds \
     good";
/// Holds a "no" that does not disagree.
pub const NO_BUT: &str = "como no, por que no, no hay problema, no hay drama, no se, no importa, no entendi, no entiendo, no \
     escuche, no problem, why not, no le escucho";
/// Parts.
pub const FAREWELL: &str = "adios, chau, chao, hasta luego, hasta pronto, hasta manana, nos vemos, que le vaya bien, buen dia \
     para, que tenga buen dia, hasta la vista, bye, goodbye, good bye, see you, have a good day, have a \
     nice day, take care";
/// Needs nothing else.
pub const ENOUGH: &str = "eso es todo, eso seria todo, seria todo, es todo, eso era todo, nada mas, ninguna otra, nada \
     gracias, no gracias, ya esta, thats all, thats it, that is all, nothing else, no thanks, no thank \
     you";
/// Wants it repeated.
pub const REPEAT: &str = "repita, repetir, repite, repetirme, repetime, otra vez por favor, de nuevo por favor, no entendi, no \
     entiendo, no escuche, no le escucho, como dijo, que dijo, como dice, mande, pardon, repeat, say \
     again, didnt understand, didnt hear";
/// Asks us to wait.
pub const HOLD: &str = "espere, espera, espereme, un momento, un momentito, un segundo, un minuto, deme un, hold on, one \
     moment, just a moment, one second";
/// Wants an appointment.
pub const BOOKING: &str = "turno, turnos, cita, citas, reservar, agendar, sacar hora, pedir hora, quiero una consulta, necesito \
     una consulta, una consulta con, una consulta para, hacer una consulta con, ver a un, ver a una, que \
     me vea, atenderme, necesito un medico, quiero un, necesito un, necesito una, appointment, book, \
     schedule, see a, see the, need a, reserve";
/// Gives up what was begun.
pub const ABANDON: &str = "dejelo, dejalo, deje nomas, olvidelo, olvidalo, mejor no, ya no quiero, no quiero nada, cancele, \
     cancelar, no quiero el turno, no quiero la cita, never mind, forget it, cancel";
/// Wants to change an earlier appointment.
pub const CHANGE: &str = "cancelar, anular, cambiar el turno, cambiar mi turno, cambiar un turno, cambiar la cita, cambiar mi \
     cita, cambiar una cita, mover el turno, mover mi turno, mover mi cita, reprogramar, reagendar, \
     suspender, cancel my, cancel an, reschedule, change my appointment, move my appointment, change an \
     appointment";
/// Asks for their own appointment.
pub const MINE: &str = "era mi turno, es mi turno, quedo mi turno, era el turno, era mi cita, es mi cita, quedo mi cita, era \
     la cita, is my appointment, was my appointment";
/// Wants a person.
pub const HUMAN: &str = "hablar con una persona, hablar con alguien, hablar con un humano, persona real, una persona de \
     verdad, operador, operadora, recepcionista, comunicar con, comuniqueme, comunicarme con, paseme con, \
     pasarme con, hablar con la secretaria, secretaria, hablar con un operador, atienda una persona, ser \
     humano, talk to a person, speak to a person, speak to someone, speak with someone, real person, \
     operator";
/// Speaks of an emergency.
pub const EMERGENCY: &str = "emergencia, urgencia, una ambulancia, ambulancia, me duele el pecho, dolor de pecho, dolor en el \
     pecho, no puedo respirar, me estoy muriendo, se desmayo, infarto, emergency, ambulance, chest pain, \
     cant breathe, heart attack, esta inconsciente";
/// Takes whatever is first.
pub const SOONEST: &str = "lo antes posible, cuanto antes, lo mas pronto, el mas proximo, la mas proxima, lo mas cercano, lo \
     primero, el primero que tenga, el primer turno, la primera cita, primer lugar, primera hora \
     disponible, cuando puedan, cuando haya, cualquier dia, cualquiera, cualquier hora, cualquier \
     horario, me da igual, da lo mismo, lo que tenga, as soon as possible, the earliest, any day, any \
     time, whenever";
/// Does not want what was offered.
pub const OTHER: &str = "otro horario, otra hora, otro dia, otra fecha, ninguno, ninguna, mas tarde, mas temprano, otro, no \
     puedo a esa, another time, another day, other time, neither, later, earlier";
/// Asks which specialties there are.
pub const SPECIALTIES: &str = "especialidad, especialidades, que servicios, que medicos, que doctores, que tratamientos, \
     tratamientos, que atienden, que ofrecen, servicios, what specialties, specialties, services, kind of \
     doctors, what treatments";
/// Asks for the opening hours.
pub const HOURS: &str = "horario, horarios, a que hora, aqui ahora, que hora abren, que hora cierran, abren, abre, abierto, \
     abiertos, cierran, cierra, hasta que hora, desde que hora, que dias, que dia atiende, que dia \
     atienden, cuando atiende, cuando atienden, atienden los, atiende los, atienden el, atiende el, \
     opening hours, what hours, hours, open, what time do you, when do you, what days, close, trabajan \
     los, estan los, horas de atencion, atienden hoy";
/// Asks for insurers.
pub const INSURERS: &str = "obra social, obras sociales, prepaga, prepagas, cobertura, coberturas, seguro, seguros, aseguradora, \
     aseguradoras, convenio, convenios, atienden por, atiende por, trabajan con, trabaja con, aceptan, \
     reciben, toman, insurance, insurances, insurer, insurers, do you take, do you accept, coverage";
/// Asks for the place.
pub const PLACE: &str = "donde, direccion, ubicacion, ubicados, ubicada, ubicado, como llego, como llegar, como se llega, \
     domicilio, que calle, indicaciones, la calle, que zona, where, address, located, location, \
     directions, get there, estacionamiento, parking";
/// Asks for prices.
pub const PRICE: &str = "precio, precios, cuanto cuesta, cuanto cuestan, cuanto sale, cuanto salen, cuanto cobran, cuanto \
     vale, cuanto es, cuanto seria, cuanto me, costo, costos, tarifa, tarifas, valor, valores, how much, \
     price, prices, cost, fee";
/// Asks who attends.
pub const WHO: &str = "quien atiende, quien me atiende, quien me va, quien me atenderia, quien me ve, quienes atienden, \
     quien es el, quien es la, con quien es, con quien seria, que doctor, que doctora, que medico, cual \
     es el doctor, que profesional, que profesionales, profesionales, which doctor, who is the doctor, \
     who sees, who would i see, who will i see";
/// Asks for the phone number.
pub const PHONE: &str = "numero de telefono, su telefono, el telefono, que telefono, telefono de la, phone number, your \
     number, the number to call";
/// Asks for free times.
pub const FREE: &str = "disponible, disponibles, disponibilidad, hay lugar, tienen lugar, tiene lugar, hay turno, hay \
     turnos, tienen turno, tienen turnos, tiene turno, hay cita, hay citas, tienen cita, tienen citas, \
     que horas tienen, que dias tienen, libre, libres, available, availability, openings";
/// Asks who is speaking.
pub const ROBOT: &str = "es una maquina, sos una maquina, es un robot, sos un robot, un robot, es una grabacion, con quien \
     hablo, quien habla, quien es usted, are you a robot, are you a machine, are you human, a robot, who \
     am i, who is this";
/// Is in most questions.
pub const QUESTION: &str = "tienen, tiene, hay, atienden, atiende, trabajan, aceptan, que, cual, cuales, cuando, cuanto, donde, \
     quien, puedo, pueden, puede, abren, do you, are you, is there, are there, can i, what, which, when, \
     how, where, who, does, toman, reciben, hacen, dan, ven, cubren";
/// Agrees, in English.
pub const YES_EN: &str = "that works, please do, great, exactly, fine, go ahead, of course, good";
/// Disagrees.
pub const NO: &str = "no, nop, nope, negativo, incorrecto, equivocado, esta mal, wrong, not";
