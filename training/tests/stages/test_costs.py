import onnxruntime as ort
import pytest

from dctoon_training.stages import costs
from dctoon_training.student.network import Shape

SHAPES = [Shape(64, 96, 1, 4, 2, (32, 80, 64, 80, 96, 64, 80)), Shape(48, 48, 0, 1, 1), Shape(80, 128, 1, 8, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_convolutions_are_those_of_the_student(shape):
    def macs(kind: costs.Kind) -> int:
        name, inputs, outputs = kind
        size = costs.QUARTER if name == "quarter" else costs.EIGHTH
        return (1 if name == "up" else 9) * inputs * outputs * size**2

    assert sum(map(macs, costs.kinds(shape))) == shape.macs(288, 288)
    assert {costs.key(kind) for kind in costs.kinds(shape)} <= {costs.key(kind) for kind in costs.all_kinds()}


def test_a_chain_is_measured_in_int8():
    model = costs.chain(("down", 32, 48))
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    assert [output.shape[1] for output in session.get_outputs()] == [48] * costs.CHAIN
    assert 0 < costs.milliseconds(model, runs=1) < 1000


def test_a_network_costs_the_sum_of_its_convolutions():
    table = {costs.key(kind): 1.0 for kind in costs.all_kinds()}
    shape = Shape(48, 48, 0, 1, 1)
    assert costs.predict(table, shape) == pytest.approx(len(costs.kinds(shape)) * (1 + costs.OTHER))
    with pytest.raises(KeyError):
        costs.predict(table, Shape(40, 48, 0, 1, 1))


def test_the_report_speaks_of_speed_as_well():
    table = {costs.key(kind): 0.5 for kind in costs.all_kinds()}
    row = costs.rows_by_width(table)["64"]
    assert row["quarter_speed"] == pytest.approx(9 * 64 * 64 * 72 * 72 / 1e6 / 0.5)
    assert row["eighth_speed"] == pytest.approx(row["quarter_speed"] / 4)
