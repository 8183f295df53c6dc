"""From runs to answers: questions, words of probability, what the doubt rests on."""
