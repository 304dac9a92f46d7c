/** What the product is about: hours that teams have, and hours that projects want, week by week. Every figure shown follows from this. */

export type TeamKey = 'design' | 'engineering' | 'research' | 'content';
export type ProjectKey = 'checkout' | 'spring' | 'mobile' | 'residency' | 'onboarding' | 'handbook';

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
    booked: { design: [64, 64, 48, 24, 8, 0, 0, 0], engineering: [120, 128, 128, 112, 80, 40, 0, 0] },
  },
  {
    key: 'spring',
    booked: {
      design: [24, 40, 64, 96, 88, 72, 40, 24],
      engineering: [40, 40, 64, 88, 120, 144, 136, 88],
      content: [8, 16, 24, 40, 48, 56, 40, 16],
    },
  },
  {
    key: 'mobile',
    booked: { design: [32, 32, 40, 56, 48, 32, 24, 16], engineering: [64, 64, 56, 48, 48, 56, 72, 72] },
  },
  { key: 'residency', booked: { engineering: [48, 40, 32, 24, 16, 16, 8, 0] } },
  {
    key: 'onboarding',
    booked: { research: [48, 56, 40, 24, 16, 8, 0, 0], design: [16, 16, 8, 8, 0, 0, 0, 0] },
  },
  {
    key: 'handbook',
    booked: { content: [40, 44, 36, 28, 20, 12, 12, 12], research: [8, 4, 8, 8, 16, 16, 8, 8] },
  },
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
