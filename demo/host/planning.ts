/** The product's subject: hours that teams have, and hours that projects want, week by week. Every figure shown follows from this. */

export type TeamKey = 'design' | 'engineering' | 'research' | 'content';
export type ProjectKey = 'checkout' | 'spring' | 'mobile' | 'residency' | 'onboarding' | 'handbook' | 'help';

export interface Team {
  readonly key: TeamKey;
  readonly people: number;
  /** Hours a week that can be booked. */
  readonly hours: number;
}

export interface Project {
  readonly key: ProjectKey;
  /** Hours booked per week, from this week on. */
  readonly booked: Partial<Record<TeamKey, readonly number[]>>;
}

export const weeksShown = 8;

export const teams: readonly Team[] = [
  { key: 'design', people: 5, hours: 160 },
  { key: 'engineering', people: 9, hours: 288 },
  { key: 'research', people: 2, hours: 64 },
  { key: 'content', people: 3, hours: 84 },
];

export const projects: readonly Project[] = [
  {
    key: 'checkout',
    booked: { design: [72, 64, 40, 16, 8, 0, 0, 0], engineering: [144, 128, 112, 88, 56, 24, 0, 0] },
  },
  {
    key: 'spring',
    booked: {
      design: [0, 32, 64, 104, 96, 72, 48, 24],
      engineering: [0, 40, 72, 104, 136, 152, 136, 96],
      content: [0, 0, 16, 32, 48, 52, 36, 12],
    },
  },
  {
    key: 'mobile',
    booked: { design: [40, 40, 40, 56, 40, 32, 24, 16], engineering: [88, 80, 64, 56, 48, 56, 64, 64] },
  },
  { key: 'residency', booked: { engineering: [0, 0, 24, 32, 40, 32, 16, 0] } },
  {
    key: 'onboarding',
    booked: { research: [48, 56, 44, 24, 0, 0, 0, 0], design: [16, 16, 8, 8, 0, 0, 0, 0] },
  },
  {
    key: 'handbook',
    booked: { content: [0, 40, 44, 32, 20, 12, 0, 0], research: [0, 0, 8, 8, 16, 12, 0, 0] },
  },
  { key: 'help', booked: { content: [48, 32, 8, 0, 0, 0, 0, 0] } },
];

/** Hours that a team is booked for in a week. */
export function bookedHours(team: TeamKey, week: number): number {
  return projects.reduce((sum, { booked }) => sum + (booked[team]?.[week] ?? 0), 0);
}

export interface WeekLoad {
  readonly booked: number;
  readonly capacity: number;
}

/** All teams together, one entry a week. */
export function weekLoads(): readonly WeekLoad[] {
  const capacity = teams.reduce((sum, team) => sum + team.hours, 0);
  return Array.from({ length: weeksShown }, (_, week) => ({
    booked: teams.reduce((sum, team) => sum + bookedHours(team.key, week), 0),
    capacity,
  }));
}

export interface Overbooking {
  readonly team: TeamKey;
  readonly week: number;
  /** Hours above what the team has. */
  readonly over: number;
  /** The team with the most free hours in that week. */
  readonly lender: TeamKey;
  readonly free: number;
}

/** Where more is booked than a team can do, the worst first. */
export function overbookings(): readonly Overbooking[] {
  const found: Overbooking[] = [];
  for (let week = 0; week < weeksShown; week++) {
    const loads = teams.map((team) => ({ team: team.key, free: team.hours - bookedHours(team.key, week) }));
    const lender = loads.reduce((most, load) => (load.free > most.free ? load : most));
    for (const { team, free } of loads) {
      if (free < 0) found.push({ team, week, over: -free, lender: lender.team, free: lender.free });
    }
  }
  return found.toSorted((a, b) => b.over - a.over);
}

/** The weeks in which a project books anything, and how much in all. */
export function spanOf(project: Project): { first: number; last: number; hours: number } {
  const perWeek = Array.from({ length: weeksShown }, (_, week) =>
    Object.values(project.booked).reduce((sum, hours) => sum + (hours[week] ?? 0), 0),
  );
  return {
    first: perWeek.findIndex((hours) => hours > 0),
    last: perWeek.findLastIndex((hours) => hours > 0),
    hours: perWeek.reduce((sum, hours) => sum + hours, 0),
  };
}
