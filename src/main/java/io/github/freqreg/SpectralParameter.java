package io.github.freqreg;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.FrequencyTensor;
import io.github.freqreg.spectrum.SpectralTransform;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One regularised tensor of a wrapped block: its coefficients, what is kept of them, and the dense
 * weights rebuilt from them.
 *
 * <p>The coefficients {@code c} are what the optimiser sees. The weights are {@code w = IDCT(c)}.
 * In training they are rebuilt in the gradient's graph on every pass. In inference they are rebuilt
 * once and reused for as long as the coefficients equal those they were rebuilt from; the
 * comparison reads the kept numbers only, and is right whoever changed them: an optimiser, a
 * loader, a hand.
 */
final class SpectralParameter {

    private final String name;
    private final Parameter dense;
    private final KeptRule rule;
    private final AxesRule axes;
    private final int rounds;
    private final Map<Device, SpectralTransform> transforms = new ConcurrentHashMap<>();
    private final Map<Device, Rebuilt> rebuilt = new HashMap<>();
    private final ReadWriteLock lock = new ReentrantReadWriteLock();

    private Parameter coefficients;
    private int start;
    private volatile int kept;
    private volatile float step;
    private boolean weightsAreThere;

    /**
     * Wraps a parameter.
     *
     * @param name in the model
     * @param dense its weights
     * @param rule how many coefficients it keeps
     * @param axes along which axes its frequencies are
     * @param rounds of balancing that a fresh one starts with
     */
    SpectralParameter(String name, Parameter dense, KeptRule rule, AxesRule axes, int rounds) {
        this.name = name;
        this.dense = dense;
        this.rule = rule;
        this.axes = axes;
        this.rounds = rounds;
        coefficients = newParameter(null, dense.requiresGradient());
    }

    Parameter getDense() {
        return dense;
    }

    Parameter getCoefficients() {
        return coefficients;
    }

    /** The tensor's own shape, in the network. */
    Shape getShape() {
        return dense.getShape();
    }

    FrequencyAxes getAxes() {
        return axes.of(getShape());
    }

    float getStep() {
        return step;
    }

    /** Computes with coefficients that are rounded to multiples of a step; 0 for as they are. */
    void setStep(float newStep) {
        step = newStep;
        forgetTables();
    }

    int getKept() {
        return kept;
    }

    /** The kept number from which schedules go down. */
    int getStart() {
        return start;
    }

    /** The kept number at which truncation ends. */
    int getTarget() {
        return Math.min(kept, (int) rule.kept(dense.getShape()).target());
    }

    DataType getDataType() {
        return coefficients.getArray().getDataType();
    }

    /** Takes the coefficients from the initialised dense weights, which stop being trainable. */
    void project(boolean fresh) {
        dense.freeze(true);
        NDArray weights = dense.getArray();
        if (dense.getInitializer() == Placeholder.INITIALIZER) {
            // A loader brings the coefficients.
            setCoefficients(weights.getManager().zeros(new Shape(1), weights.getDataType()), 1);
            return;
        }
        ZigzagMask mask = getAxes().mask(getShape(), rule.kept(getShape()).start());
        NDManager manager = weights.getManager();
        try (NDManager scratch = manager.newSubManager();
                SpectralTransform transform =
                        new SpectralTransform(
                                mask, scratch, weights.getDevice(), weights.getDataType());
                NDArray seen = weights.reshape(mask.getShape())) {
            NDArray vector = transform.project(seen, scratch);
            if (fresh) {
                NDArray gains = scratch.create(StartScale.of(getShape(), mask, rounds));
                vector.muli(
                        gains.toDevice(vector.getDevice(), false)
                                .toType(vector.getDataType(), false));
            }
            vector.attach(manager);
            setCoefficients(vector, mask.getKept());
        }
        forgetWeights();
    }

    /**
     * Puts one number, seen as the whole tensor, in the place of the dense weights: a layer that is
     * never computed with them does not pay for them.
     */
    void forgetWeights() {
        NDArray weights = dense.getArray();
        try (NDManager there = weights.getManager().newSubManager(weights.getDevice())) {
            NDArray placeholder = Placeholder.of(there, weights.getShape(), weights.getDataType());
            placeholder.attach(weights.getManager());
            Placeholder.replace(dense, placeholder);
        }
        weightsAreThere = false;
    }

    /** Puts other coefficients in place; the old array is closed. */
    void setCoefficients(NDArray vector, int count) {
        boolean trainable = coefficients.requiresGradient();
        if (coefficients.isInitialized()) {
            // A trainer that still holds the old parameter must not update it any more.
            coefficients.freeze(true);
            coefficients.getArray().close();
        }
        coefficients = newParameter(vector, trainable);
        vector.setName(name);
        vector.setRequiresGradient(trainable);
        kept = count;
        // A model that was truncated and saved goes on from where its policy starts.
        start = Math.max(count, (int) rule.kept(dense.getShape()).start());
        forgetTables();
    }

    private Parameter newParameter(NDArray array, boolean trainable) {
        return Parameter.builder()
                .setName(dense.getName())
                .setType(dense.getType())
                .optInitializer(
                        coefficients == null
                                ? dense.getInitializer()
                                : coefficients.getInitializer())
                .optRequiresGrad(trainable)
                .optArray(array)
                .optShape(array == null ? null : array.getShape())
                .build();
    }

    /** Cuts the tail; what is already shorter stays as it is. */
    void cut(int count) {
        if (count < kept) {
            kept = Math.max(1, count);
            forgetTables();
        }
    }

    /** Gives up the tail's memory. */
    void compact() {
        NDArray full = coefficients.getArray();
        if (full.size() == kept) {
            return;
        }
        setCoefficients(copyPrefix(), kept);
    }

    /** The kept coefficients outside of any graph, on the manager of all. */
    NDArray copyPrefix() {
        NDArray whole = coefficients.getArray();
        try (NDManager scratch = whole.getManager().newSubManager();
                NDArray detached = whole.stopGradient()) {
            NDArray prefix = detached.get(scratch, new NDIndex(":" + kept)).duplicate();
            prefix.attach(whole.getManager());
            return prefix;
        }
    }

    /** The weights inside the gradient's graph; the result belongs to {@code scratch}. */
    NDArray rebuild(NDArray vector, NDManager scratch) {
        return transform(vector.getDevice())
                .rebuild(rounded(vector, scratch), scratch)
                .reshape(getShape());
    }

    /**
     * The coefficients as they are stored: rounded, if there is a step. Gradients pass as if they
     * were not (straight through).
     */
    NDArray rounded(NDArray vector, NDManager scratch) {
        float unit = step;
        if (unit == 0) {
            return vector;
        }
        try (NDManager temporary = scratch.newSubManager()) {
            NDArray plain = vector.stopGradient();
            plain.attach(temporary);
            NDArray change = plain.div(unit).round().mul(unit).sub(plain);
            // An answer of the coefficients alone, so that no number of Java's is in the graph.
            change.attach(scratch);
            NDArray rounded = vector.add(change);
            rounded.attach(scratch);
            return rounded;
        }
    }

    /** The weights outside of any graph; rebuilt only if the coefficients have changed. */
    NDArray weights(NDArray vector) {
        lock.readLock().lock();
        try {
            Rebuilt last = rebuilt.get(vector.getDevice());
            if (last != null && last.isOf(vector)) {
                return last.weights;
            }
        } finally {
            lock.readLock().unlock();
        }
        lock.writeLock().lock();
        try {
            Rebuilt last = rebuilt.get(vector.getDevice());
            return last != null && last.isOf(vector) ? last.weights : renew(vector, last);
        } finally {
            lock.writeLock().unlock();
        }
    }

    private NDArray renew(NDArray vector, Rebuilt old) {
        Device device = vector.getDevice();
        NDManager manager = dense.getArray().getManager();
        try (NDManager scratch = manager.newSubManager(device);
                NDArray detached = vector.stopGradient()) {
            NDArray target = rebuild(detached, scratch);
            if (!device.equals(dense.getArray().getDevice())) {
                target.attach(manager);
            } else if (weightsAreThere) {
                InPlace.copy(target, dense.getArray());
                target = dense.getArray();
            } else {
                target.attach(manager);
                Placeholder.replace(dense, target);
                weightsAreThere = true;
            }
            NDArray snapshot = detached.duplicate();
            snapshot.attach(manager);
            rebuilt.put(device, new Rebuilt(snapshot, target));
            if (old != null) {
                free(old, target);
            }
            return target;
        }
    }

    private static void free(Rebuilt old, NDArray staying) {
        old.snapshot.close();
        if (old.weights != staying) {
            old.weights.close();
        }
    }

    SpectralTransform transform(Device device) {
        return transforms.computeIfAbsent(
                device,
                d ->
                        new SpectralTransform(
                                getMask(), dense.getArray().getManager(), d, getDataType()));
    }

    ZigzagMask getMask() {
        return getAxes().mask(getShape(), kept);
    }

    private void forgetTables() {
        lock.writeLock().lock();
        try {
            transforms.values().forEach(SpectralTransform::close);
            transforms.clear();
            rebuilt.values().forEach(last -> free(last, dense.getArray()));
            rebuilt.clear();
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** The kept coefficients that the network computes with, outside of any graph. */
    NDArray copyCoefficients(NDManager manager) {
        try (NDManager scratch = dense.getArray().getManager().newSubManager();
                NDArray prefix = copyPrefix()) {
            NDArray copy = rounded(prefix, scratch).duplicate();
            copy.attach(manager);
            return copy;
        }
    }

    /** The weights that the network computes with, outside of any graph, and not kept. */
    NDArray copyWeights(NDManager manager) {
        try (NDManager scratch = dense.getArray().getManager().newSubManager();
                NDArray prefix = copyPrefix()) {
            NDArray copy = rebuild(prefix, scratch).duplicate();
            copy.attach(manager);
            return copy;
        }
    }

    /** The kept coefficients as a value. */
    FrequencyTensor toTensor() {
        try (NDArray prefix = copyPrefix();
                NDArray floats = prefix.toType(DataType.FLOAT32, true)) {
            return new FrequencyTensor(getMask(), floats.toFloatArray());
        }
    }

    /** Takes other coefficients, in the block's data type. */
    void fromTensor(FrequencyTensor tensor) {
        NDManager manager = dense.getArray().getManager();
        int count = tensor.mask().getKept();
        NDArray vector = manager.create(tensor.coefficients());
        DataType type = dense.getArray().getDataType();
        if (type != DataType.FLOAT32) {
            NDArray cast = vector.toType(type, false);
            vector.close();
            vector = cast;
        }
        step = 0;
        setCoefficients(vector, count);
    }

    /** Leaves the dense weights as an ordinary parameter and frees all else. */
    void release() {
        weights(coefficients.getArray());
        forgetTables();
        dense.freeze(!coefficients.requiresGradient());
        coefficients.close();
    }

    /** Frees everything; the tensor is as before its first initialisation. */
    void clear() {
        forgetTables();
        dense.close();
        coefficients.close();
        coefficients = newParameter(null, coefficients.requiresGradient());
    }

    /** Dense weights and the coefficients they were rebuilt from. */
    private record Rebuilt(NDArray snapshot, NDArray weights) {

        boolean isOf(NDArray vector) {
            return snapshot.contentEquals(vector);
        }
    }

    /** How many coefficients a tensor keeps, once its shape is known. */
    @FunctionalInterface
    interface KeptRule {

        /** Returns where truncation starts and ends for a tensor of a shape. */
        Kept kept(Shape shape);
    }

    /** Along which axes the frequencies of a tensor are, once its shape is known. */
    @FunctionalInterface
    interface AxesRule {

        /** Returns the axes for a tensor of a shape. */
        FrequencyAxes of(Shape shape);
    }

    /**
     * The kept numbers of one tensor.
     *
     * @param start how many are kept when the tensor is wrapped
     * @param target how many are kept when truncation has ended
     */
    record Kept(long start, long target) {}
}
