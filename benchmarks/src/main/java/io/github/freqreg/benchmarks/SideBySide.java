package io.github.freqreg.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Times several ways side by side, in one process. In each round, every way has its turn, in random
 * order, so that a machine that becomes slower for a while slows down all of them.
 */
final class SideBySide {

    private static final double WARM_UP_SECONDS = 3;
    private static final double SECONDS = 12;
    private static final int MIN_ROUNDS = 11;
    private static final int MAX_ROUNDS = 301;

    /** A turn of a fast way takes about this long, so that the clock's resolution is irrelevant. */
    private static final double TURN_SECONDS = 0.01;

    private final List<Timed> ways;
    private final int[] runs;

    private SideBySide(List<Timed> ways) {
        this.ways = ways;
        runs = new int[ways.size()];
        for (int i = 0; i < runs.length; i++) {
            runs[i] = warmUp(ways.get(i));
        }
    }

    /**
     * Times ways to compute the same.
     *
     * @param ways what is timed
     * @return for each way, the seconds of one run, in each round
     */
    static List<double[]> time(List<Timed> ways) {
        return new SideBySide(ways).rounds();
    }

    /** Runs a way for its share of the warm-up, and returns how many of its runs fill a turn. */
    private int warmUp(Timed way) {
        double last;
        double total = 0;
        do {
            last = seconds(way, 1);
            total += last;
        } while (total < WARM_UP_SECONDS / ways.size());
        return (int) Math.max(1, Math.round(TURN_SECONDS / last));
    }

    private List<double[]> rounds() {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < runs.length; i++) {
            order.add(i);
        }
        Random random = new Random(1);
        List<double[]> rounds = new ArrayList<>();
        double total = 0;
        while (rounds.size() < MIN_ROUNDS || total < SECONDS && rounds.size() < MAX_ROUNDS) {
            Collections.shuffle(order, random);
            double[] round = new double[runs.length];
            for (int way : order) {
                double turn = seconds(ways.get(way), runs[way]);
                round[way] = turn / runs[way];
                total += turn;
            }
            rounds.add(round);
        }
        List<double[]> byWay = new ArrayList<>();
        for (int i = 0; i < runs.length; i++) {
            int way = i;
            byWay.add(rounds.stream().mapToDouble(round -> round[way]).toArray());
        }
        return byWay;
    }

    private static double seconds(Timed way, int times) {
        long begin = System.nanoTime();
        for (int i = 0; i < times; i++) {
            way.run();
        }
        return (System.nanoTime() - begin) / 1e9;
    }
}
