/** Names in simulated organisations. */
export const FIRST_NAMES =
  'Ana Amara Arjun Beatriz Bo Carlos Chidi Chloe Daniel Dara Elena Emeka Esra Fatima Felix Freya Grace Hana Hugo Ines Ivan Jamal Jana Jonas Kai Keiko Lars Leila Lucia Malik Maria Mateo Mei Milan Nadia Niamh Noor Oleg Olivia Omar Paulo Petra Priya Rafael Rosa Samuel Sofia Tariq Tomas Valentina Wei Yara Yusuf Zoe'.split(
    ' ',
  );

export const LAST_NAMES =
  'Abebe Adeyemi Almeida Andersen Bauer Bianchi Carter Castillo Chen Costa Dubois Eriksson Fernandez Fischer Garcia Gupta Haddad Hansen Ito Ivanova Jansen Johnson Kaur Khan Kim Kowalski Lee Lindgren Lopez Mbeki Mendes Mensah Moreau Murphy Nakamura Nguyen Novak Okafor Osei Park Patel Pereira Petrov Quinn Rahman Reyes Rossi Ruiz Santos Schmidt Silva Singh Suzuki Tanaka Taylor Torres Walsh Weber Yilmaz Zhang'.split(
    ' ',
  );

export const QUEUE_NAMES =
  'Support Billing Sales Retention Onboarding Claims Complaints Orders Returns Technical Collections Priority'.split(
    ' ',
  );
